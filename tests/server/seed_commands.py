"""The commands of the seed service's document, letter for letter. seed_test.py runs them."""

SUBMIT_QUICK_START = r'''
curl -X POST http://localhost:3004/api/jobs \
  -H "Content-Type: application/json" \
  -d '{
    "code": "# Calculate the sum of all numbers from 1 to 10\nsum_of_numbers = sum(range(1, 11))\nprint(sum_of_numbers)",
    "packages": []
  }'
'''

STATUS_QUICK_START = r'''
curl http://localhost:3004/api/jobs/{job_id}/status
'''

RESULTS_QUICK_START = r'''
curl http://localhost:3004/api/jobs/{job_id}/results
'''

SUBMIT_WITH_URL = r'''
curl -X POST http://localhost:3004/api/jobs \
  -H "Content-Type: application/json" \
  -d '{
    "code": "import pandas as pd\nimport os\nimport glob\n\n# Script to process data files uploaded via data_urls\nprint(f\"Current working directory: {os.getcwd()}\")\n\n# Try to find data files in different locations\nprint(\"Looking for data files in multiple locations...\")\n\n# Check /data directory\ndata_files = glob.glob(\"/data/*\")\nprint(f\"Files in /data directory: {len(data_files)}\")\n\n# If no files in /data, check current directory\nif not data_files:\n    print(\"No files found in /data directory, checking current directory...\")\n    data_files = glob.glob(\"*.csv\")\n    print(f\"Files in current directory: {len(data_files)}\")\n    \n    # List all files in current directory\n    print(\"All files in current directory:\")\n    for f in os.listdir(\'.\'):\n        print(f\"- {f}\")\n\n# If still no files, exit\nif not data_files:\n    print(\"Error: No CSV files found in any location\")\n    exit(1)\n\nprint(\"Available data files:\")\nfor f in data_files:\n    print(f\"- {f}\")\n\n# Use the first CSV file found\ninput_file = data_files[0]\nprint(f\"Using input file: {input_file}\")\n\n# Read the CSV file\ndf = pd.read_csv(input_file)\nprint(f\"Successfully read {input_file}\")\nprint(f\"Data preview:\\n{df.head()}\")\n\n# Calculate sum of numeric column\n# Check if expected column exists, otherwise use first numeric column\nif \'sepal_length\' in df.columns:\n    column_name = \'sepal_length\'\nelse:\n    # Use first numeric column\n    numeric_cols = df.select_dtypes(include=[\'number\']).columns\n    if len(numeric_cols) > 0:\n        column_name = numeric_cols[0]\n        print(f\"No \'sepal_length\' column found, using {column_name} instead\")\n    else:\n        print(\"No numeric columns found in the dataset\")\n        exit(1)\n\ntotal = df[column_name].sum()\nprint(f\"Total sum of {column_name}: {total}\")\n\n# Write result to output file\nwith open(\'output.txt\', \'w\') as f:\n    f.write(f\"Data URL Test Result\\n\")\n    f.write(f\"Input file: {input_file}\\n\")\n    f.write(f\"Total sum of {column_name}: {total}\\n\")\n    f.write(f\"Number of rows: {len(df)}\\n\")\n\nprint(\"Output written to output.txt\")",
    "data_urls": ["https://raw.githubusercontent.com/plotly/datasets/master/iris.csv"],
    "packages": ["pandas"],
    "timeout": 30,
    "resource_limits": {"memory": 512, "cpu": 1}
  }'
'''

STATUS_WITH_URL = r'''
curl http://localhost:3004/api/jobs/e5169b06-d2af-47a9-9647-588496810391/status
'''

RESULTS_WITH_URL = r'''
curl http://localhost:3004/api/jobs/e5169b06-d2af-47a9-9647-588496810391/results
'''

DOWNLOAD_OUTPUT = r'''
curl http://localhost:3004/api/jobs/e5169b06-d2af-47a9-9647-588496810391/files/370161e6-f57a-44f1-a156-db83660e1cf3
'''

UPLOAD = r'''
curl -X POST http://localhost:3004/api/files \
  -F "file=@/path/to/local/data.csv" 
'''

SUBMIT_WITH_UPLOAD = r'''
curl -X POST http://localhost:3004/api/jobs \
  -H "Content-Type: application/json" \
  -d '{
    "code": "import pandas as pd\nimport os\nimport glob\n\n# Script to process uploaded file\nprint(f\"Current working directory: {os.getcwd()}\")\n\n# Try to find data files in different locations\nprint(\"Looking for data files in multiple locations...\")\n\n# Check /data directory\ndata_files = glob.glob(\"/data/*\")\nprint(f\"Files in /data directory: {len(data_files)}\")\n\n# If no files in /data, check current directory\nif not data_files:\n    print(\"No files found in /data directory, checking current directory...\")\n    data_files = glob.glob(\"*.csv\")\n    print(f\"Files in current directory: {len(data_files)}\")\n    \n    # List all files in current directory\n    print(\"All files in current directory:\")\n    for f in os.listdir(\'.\'):\n        print(f\"- {f}\")\n\n# If still no files, exit\nif not data_files:\n    print(\"Error: No CSV files found in any location\")\n    exit(1)\n\nprint(\"Available data files:\")\nfor f in data_files:\n    print(f\"- {f}\")\n\n# Use the first CSV file found\ninput_file = data_files[0]\nprint(f\"Using input file: {input_file}\")\n\n# Read the CSV file\ndf = pd.read_csv(input_file)\nprint(f\"Successfully read {input_file}\")\nprint(f\"Data preview:\\n{df.head()}\")\n\n# Calculate sum of numeric column\n# Use first numeric column\nnumeric_cols = df.select_dtypes(include=[\'number\']).columns\nif len(numeric_cols) > 0:\n    column_name = numeric_cols[0]\nelse:\n    print(\"No numeric columns found in the dataset\")\n    exit(1)\n\ntotal = df[column_name].sum()\nprint(f\"Total sum of {column_name}: {total}\")\n\n# Write result to output file\nwith open(\'output.txt\', \'w\') as f:\n    f.write(f\"Data Processing Result\\n\")\n    f.write(f\"Input file: {input_file}\\n\")\n    f.write(f\"Total sum of {column_name}: {total}\\n\")\n    f.write(f\"Number of rows: {len(df)}\\n\")\n\nprint(\"Output written to output.txt\")",
    "data_urls": ["/api/files/f7e05f2b-2342-4c9f-8142-b9f927e54c3a"],
    "packages": ["pandas"],
    "timeout": 30,
    "resource_limits": {"memory": 512, "cpu": 1}
  }'
'''
